/**
 * Where a person opens a record: a model-driven app of a real organisation, or the record page of the built-in CRM.
 * Source: Power Apps, "Open forms, views, dialogs, and reports with a URL".
 */
export function recordLink(
  crmUrl: string,
  crm: 'built-in' | 'dynamics',
  record: { table: string; id: string },
): string {
  const base = crmUrl.replace(/\/+$/, '');
  const [table, id] = [encodeURIComponent(record.table), encodeURIComponent(record.id)];
  return crm === 'built-in'
    ? `${base}/crm/${table}/${id}`
    : `${base}/main.aspx?pagetype=entityrecord&etn=${table}&id=${id}`;
}
