// npm run build: the add-in and the local Outlook into dist/. Webpack runs in a child that exits, so that its 500 MB are
// given back before the server starts.
import './node-version.js';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.built-from');
/** What webpack reads. src/server is not among it: the server runs as it is written. */
const inputs = ['webpack.config.js', 'package-lock.json', 'tsconfig.json', 'assets', 'src'];
const ignored = join('src', 'server');

/** Said to a person as it is. */
class BuildFailed extends Error {}

const filesBelow = (path) => {
  if (path === ignored || !existsSync(join(root, path))) return [];
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesBelow(join(path, name)));
};

/** Contents, not times: a fresh clone and a switched branch give files new times and old contents. */
const fingerprint = () => {
  const hash = createHash('sha256');
  for (const path of inputs.flatMap(filesBelow).sort())
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex');
};

/** Is dist/ what the sources would give? */
export const isBuilt = (wanted = fingerprint()) => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;

const runWebpack = (children) =>
  new Promise((resolve, reject) => {
    const webpack = fileURLToPath(import.meta.resolve('webpack-cli/bin/cli.js'));
    const child = spawn(process.execPath, [webpack, '--mode', 'production'], { cwd: root, stdio: 'inherit' });
    children?.(child);
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new BuildFailed('The build failed; the lines above say why.')),
    );
  });

/**
 * Builds when dist/ is not what the sources would give. `children` is handed the webpack process, for whoever must stop it.
 * Answers whether it built.
 */
export const build = async ({ force = false, children } = {}) => {
  const wanted = fingerprint();
  if (!force && isBuilt(wanted)) return false;
  try {
    import.meta.resolve('webpack-cli/bin/cli.js');
  } catch {
    if (existsSync(stamp)) return false;
    throw new BuildFailed(
      'webpack is not installed (NODE_ENV=production or --omit=dev), and dist/ was not built before. Run "npm ci --include=dev".',
    );
  }
  console.log('Building the add-in and the local Outlook (about half a minute, only after changes) ...');
  const began = Date.now();
  await runWebpack(children);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, wanted);
  console.log(`Built in ${((Date.now() - began) / 1000).toFixed(1)} s.`);
  return true;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build({ force: true }).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
