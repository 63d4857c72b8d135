let latest = 0;

/**
 * A GUID that is larger than every one made before it in this process: version 7 of RFC 9562, with 12 bits below the
 * millisecond as a counter. So rows of one list keep its order, and new rows are written beside each other.
 */
export function newId(now: Date): string {
  latest = Math.max(latest + 1, now.getTime() * 4096);
  const digits = latest.toString(16).padStart(15, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-7${digits.slice(12)}${crypto.randomUUID().slice(18)}`;
}
