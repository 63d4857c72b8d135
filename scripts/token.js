// npm run --silent token [-- --user someone@contoso.example]: prints a bearer token of the local stack, for curl and scripts.
// Signs with the key in the data directory and opens no database, so it works beside a running server.
import './node-version.js';
import { parseArgs } from 'node:util';

const read = () => {
  try {
    return parseArgs({ options: { user: { type: 'string' } } }).values;
  } catch (error) {
    throw new TypeError(`${error.message} Usage: npm run --silent token -- --user someone@contoso.example`, {
      cause: error,
    });
  }
};

try {
  const { openIdentity } = await import('../src/server/local/identity.ts');
  const identity = await openIdentity(process.env.DATA_DIR || '.data');
  console.log((await identity.token(read().user)).accessToken);
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 1;
}
