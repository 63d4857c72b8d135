/** Options that several tables share, by the numbers that Microsoft's table references give. */
export const activeStates = [
  [0, 'Active', [[1, 'Active']]],
  [1, 'Inactive', [[2, 'Inactive']]],
] as const;

export const industries = {
  1: 'Accounting',
  2: 'Agriculture and Non-petrol Natural Resource Extraction',
  3: 'Broadcasting Printing and Publishing',
  4: 'Brokers',
  5: 'Building Supply Retail',
  6: 'Business Services',
  7: 'Consulting',
  8: 'Consumer Services',
  9: 'Design, Direction and Creative Management',
  10: 'Distributors, Dispatchers and Processors',
  11: "Doctor's Offices and Clinics",
  12: 'Durable Manufacturing',
  13: 'Eating and Drinking Places',
  14: 'Entertainment Retail',
  15: 'Equipment Rental and Leasing',
  16: 'Financial',
  17: 'Food and Tobacco Processing',
  18: 'Inbound Capital Intensive Processing',
  19: 'Inbound Repair and Services',
  20: 'Insurance',
  21: 'Legal Services',
  22: 'Non-Durable Merchandise Retail',
  23: 'Outbound Consumer Service',
  24: 'Petrochemical Extraction and Distribution',
  25: 'Service Retail',
  26: 'SIG Affiliations',
  27: 'Social Services',
  28: 'Special Outbound Trade Contractors',
  29: 'Specialty Realty',
  30: 'Transportation',
  31: 'Utility Creation and Distribution',
  32: 'Vehicle Retail',
  33: 'Wholesale',
};

export const preferredContactMethods = { 1: 'Any', 2: 'Email', 3: 'Phone', 4: 'Fax', 5: 'Mail' };
export const preferredDays = {
  0: 'Sunday',
  1: 'Monday',
  2: 'Tuesday',
  3: 'Wednesday',
  4: 'Thursday',
  5: 'Friday',
  6: 'Saturday',
};
export const preferredTimes = { 1: 'Morning', 2: 'Afternoon', 3: 'Evening' };
export const paymentTerms = { 1: 'Net 30', 2: '2% 10, Net 30', 3: 'Net 45', 4: 'Net 60' };
export const freightTerms = { 1: 'FOB', 2: 'No Charge' };
export const shippingMethods = {
  1: 'Airborne',
  2: 'DHL',
  3: 'FedEx',
  4: 'UPS',
  5: 'Postal Mail',
  6: 'Full Load',
  7: 'Will Call',
};
/** Option sets that a fresh organisation leaves to its customiser. */
export const defaultValue = { 1: 'Default Value' };

export const ratings = { 1: 'Hot', 2: 'Warm', 3: 'Cold' };
export const budgetStatus = { 0: 'No Committed Budget', 1: 'May Buy', 2: 'Can Buy', 3: 'Will Buy' };
export const initialCommunication = { 0: 'Contacted', 1: 'Not Contacted' };
export const needs = { 0: 'Must have', 1: 'Should have', 2: 'Good to have', 3: 'No need' };
export const purchaseProcess = { 0: 'Individual', 1: 'Committee', 2: 'Unknown' };
export const purchaseTimeframe = {
  0: 'Immediate',
  1: 'This Quarter',
  2: 'Next Quarter',
  3: 'This Year',
  4: 'Unknown',
};

export const emailRouterAccessApproval = {
  0: 'Empty',
  1: 'Approved',
  2: 'Pending Approval',
  3: 'Rejected',
};
export const incomingDelivery = {
  0: 'None',
  1: 'Microsoft Dynamics 365 for Outlook',
  2: 'Server-Side Synchronization or Email Router',
  3: 'Forward Mailbox',
};
export const outgoingDelivery = {
  0: 'None',
  1: 'Microsoft Dynamics 365 for Outlook',
  2: 'Server-Side Synchronization or Email Router',
};
