import { named, plain, required, table, text } from '../metadata.ts';
import { activeStates } from './option-sets.ts';
import { imported } from './shared-columns.ts';

export const transactioncurrency = table({
  name: 'transactioncurrency',
  label: 'Currency',
  set: 'transactioncurrencies',
  key: 'transactioncurrencyid',
  primary: 'currencyname',
  states: activeStates,
  columns: {
    currencyname: required(named('Currency Name', 100)),
    isocurrencycode: required(text('Currency Code', 5)),
    currencysymbol: required(text('Currency Symbol', 13)),
    currencyprecision: required(plain('Currency Precision', 'integer', { initial: 2 })),
    /** Units of this currency for one of the organisation's base currency. */
    exchangerate: required(plain('Exchange Rate', 'decimal')),
    ...imported,
  },
});
