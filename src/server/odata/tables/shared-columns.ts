import { choice, email, byServer, lookup, memo, plain, text, type TableParts } from '../metadata.ts';
import {
  freightTerms,
  preferredContactMethods,
  preferredDays,
  preferredTimes,
  shippingMethods,
} from './option-sets.ts';

type Columns = TableParts['columns'];

/** Columns that a list leaves out unless it names them: a row alone has them all. */
export function rare(columns: Columns): Columns {
  return Object.fromEntries(Object.entries(columns).map(([name, part]) => [name, { ...part, heavy: true as const }]));
}

const addressTypes = { 1: 'Bill To', 2: 'Ship To', 3: 'Primary', 4: 'Other' };

/** `address1_...` or `address2_...`: what a list shows is the first address's letter head. */
export function address(number: 1 | 2, types: Record<number, string> = addressTypes): Columns {
  const at = `address${number}_`;
  const place = (label: string) => (number === 1 ? label : `Address ${number}: ${label}`);
  const usual: Columns = {
    [`${at}line1`]: text(place('Street'), 250),
    [`${at}city`]: text(place('City'), 80),
    [`${at}postalcode`]: text(place('Postal Code'), 20),
    [`${at}stateorprovince`]: text(place('State or Province'), 50),
    [`${at}country`]: text(place('Country'), 80),
  };
  const label = (name: string) => `Address ${number}: ${name}`;
  const further: Columns = {
    [`${at}composite`]: byServer(memo(number === 1 ? 'Address 1' : 'Address 2', 1_000)),
    [`${at}line2`]: text(label('Street 2'), 250),
    [`${at}line3`]: text(label('Street 3'), 250),
    [`${at}name`]: text(label('Name'), 200),
    [`${at}county`]: text(label('County'), 50),
    [`${at}postofficebox`]: text(label('Post Office Box'), 20),
    [`${at}telephone1`]: text(label('Telephone 1'), 50),
    [`${at}telephone2`]: text(label('Telephone 2'), 50),
    [`${at}fax`]: text(label('Fax'), 50),
    [`${at}latitude`]: plain(label('Latitude'), 'decimal'),
    [`${at}longitude`]: plain(label('Longitude'), 'decimal'),
    [`${at}addresstypecode`]: choice(label('Address Type'), types),
    [`${at}shippingmethodcode`]: choice(label('Shipping Method'), shippingMethods),
  };
  return number === 1 ? { ...usual, ...rare(further) } : rare({ ...usual, ...further });
}

/** What goes with an address only where goods are sent to it. */
export const freight = (number: 1 | 2): Columns =>
  rare({
    [`address${number}_freighttermscode`]: choice(`Address ${number}: Freight Terms`, freightTerms),
    [`address${number}_primarycontactname`]: text(`Address ${number}: Primary Contact Name`, 100),
  });

export const emails: Columns = {
  emailaddress1: email('Email', 'inside'),
  emailaddress2: email('Email Address 2'),
  emailaddress3: email('Email Address 3'),
};

/** How a person or a company does not want to be reached. */
export const contactPreferences: Columns = {
  donotemail: plain('Do not allow Emails', 'boolean', { initial: false }),
  donotphone: plain('Do not allow Phone Calls', 'boolean', { initial: false }),
  donotbulkemail: plain('Do not allow Bulk Emails', 'boolean', { initial: false }),
  ...rare({
    donotfax: plain('Do not allow Faxes', 'boolean', { initial: false }),
    donotpostalmail: plain('Do not allow Mails', 'boolean', { initial: false }),
    donotsendmm: plain('Send Marketing Materials', 'boolean', { initial: false }),
    followemail: plain('Follow Email Activity', 'boolean', { initial: true }),
  }),
  preferredcontactmethodcode: choice('Preferred Method of Contact', preferredContactMethods, 1),
};

export const appointmentPreferences: Columns = rare({
  preferredappointmentdaycode: choice('Preferred Day', preferredDays),
  preferredappointmenttimecode: choice('Preferred Time', preferredTimes),
  preferredsystemuserid: lookup('Preferred User', 'systemuser'),
});

/** A picture of the row; it is sent with `entityimage` and read from its own address. */
export const image: Columns = rare({
  entityimage: plain('Default Image', 'bytes'),
  entityimageid: byServer(plain('Entity Image Id', 'guid')),
  entityimage_timestamp: byServer(plain('Entity Image Timestamp', 'bigint')),
  entityimage_url: byServer(text('Entity Image URL', 200)),
});

export const merged = (table: string): Columns =>
  rare({
    masterid: byServer(lookup('Master ID', table)),
    merged: byServer(plain('Merged', 'boolean', { initial: false })),
  });

export const imported: Columns = rare({ importsequencenumber: plain('Import Sequence Number', 'integer') });

export const description: Columns = { description: memo('Description') };
