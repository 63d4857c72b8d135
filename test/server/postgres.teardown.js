export default async function stopPostgres() {
  globalThis.stopPostgres?.();
}
