// Four programs for the browser: the task pane, the ribbon commands and the admin page (dist/web), and the local Outlook (dist/host).
// `webpack` builds all, `webpack --config-name taskpane` one of them. The server needs no build: Node runs its TypeScript.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  teamsHighContrastTheme as contrast,
  webDarkTheme as dark,
  webLightTheme as light,
} from '@fluentui/react-components';
import HtmlWebpackPlugin from 'html-webpack-plugin';
import webpack from 'webpack';

const root = import.meta.dirname;
const { RawSource } = webpack.sources;
const themes = { light, dark, contrast };

/** TypeScript and JSX to the JavaScript of a given year. */
const swc = (target, include) => ({
  test: /\.[cm]?[jt]sx?$/,
  include,
  loader: 'swc-loader',
  options: {
    jsc: { target, parser: { syntax: 'typescript', tsx: true }, transform: { react: { runtime: 'automatic' } } },
    module: { type: 'es6' },
  },
  // Packages of the "module" type must name extensions in imports; bundled ones need not be so strict.
  resolve: { fullySpecified: false },
});

/** manifest.xml and the icons it names lie beside the pages, so that dist/web is all there is to publish. */
const publishManifest = {
  apply(compiler) {
    compiler.hooks.thisCompilation.tap('publishManifest', (compilation) => {
      const stage = webpack.Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL;
      compilation.hooks.processAssets.tapPromise({ name: 'publishManifest', stage }, async () => {
        const icons = (await readdir(path.join(root, 'assets'))).filter((name) => name.endsWith('.png'));
        for (const name of ['manifest.xml', ...icons.map((icon) => `assets/${icon}`)]) {
          const file = path.join(root, name);
          compilation.fileDependencies.add(file);
          compilation.emitAsset(name, new RawSource(await readFile(file)));
        }
      });
    });
  },
};

/** Whose file it is, of the programs that share dist/web: their names begin with the program's, the pane's with any other word. */
const programOf = (file) => ['admin', 'commands'].find((name) => file.startsWith(`${name}.`)) ?? 'taskpane';

const page = (filename, template) =>
  new HtmlWebpackPlugin({ filename, template, scriptLoading: 'defer', inject: 'head', minify: false });

/** @param {{ name: string, entry: string, out: string, target?: string, transpile?: string[], plugins: object[], splitChunks?: object }} program */
function program({
  name,
  entry,
  out,
  target = 'es2022',
  transpile = [path.join(root, 'src')],
  plugins,
  splitChunks = {},
}) {
  return (_env, argv) => {
    const mode = argv.mode ?? 'production';
    const prefix = name === 'admin' ? 'admin.' : '';
    return {
      name,
      mode,
      entry: { [name]: `./${entry}` },
      // Maps lie beside the bundles and are named by nobody: a debugger can load them, a browser does not.
      devtool: mode === 'production' ? 'hidden-source-map' : 'source-map',
      target: ['web', target],
      output: {
        path: path.join(root, 'dist', out),
        filename: '[name].[contenthash:8].js',
        chunkFilename: `${prefix}[name].[contenthash:8].js`,
        cssFilename: '[name].[contenthash:8].css',
        cssChunkFilename: `${prefix}[name].[contenthash:8].css`,
        // Who shares a folder cleans away its own old files and keeps the others'.
        clean: { keep: (file) => out === 'web' && programOf(file) !== name },
        uniqueName: `alongside-${name}`,
      },
      // Styles of our own are CSS modules; they cost the first paint no JavaScript.
      experiments: { css: true },
      module: {
        rules: [swc(target, transpile)],
        // The theme's custom properties keep their names: Fluent sets them.
        parser: {
          'css/module': { namedExports: false, dashedIdents: false },
          'css/auto': { namedExports: false, dashedIdents: false },
        },
      },
      resolve: { extensions: ['.tsx', '.ts', '.mjs', '.js'] },
      plugins,
      optimization: {
        splitChunks,
        // Pages keep their tags as they are written: the local stack exchanges exactly one of them.
        minimizeOptions: { html: false },
      },
      performance: false,
      stats: 'errors-warnings',
      cache: {
        type: 'filesystem',
        name: `${name}-${mode}`,
        cacheDirectory: path.join(root, '.cache', 'webpack'),
        buildDependencies: { config: [import.meta.filename] },
      },
    };
  };
}

/** Fluent's table of theme names for ours, which says the same in a tenth. */
const lightTokens = new webpack.NormalModuleReplacementPlugin(/^\.\/tokens\.js$/, (resource) => {
  if (!/@fluentui[\\/]tokens[\\/]lib$/.test(resource.context)) return;
  resource.request = path.join(root, 'src', 'taskpane', 'fluent-tokens.ts');
});

/** Fluent works a theme out from its palettes; what comes of it is half as long as how. */
const computedThemes = new webpack.NormalModuleReplacementPlugin(/^\.\/themes\/\w+\.ts$/, (resource) => {
  const [, name] = /(\w+)\.ts$/.exec(resource.request);
  const json = Buffer.from(JSON.stringify(themes[name])).toString('base64');
  resource.request = `data:application/json;base64,${json}`;
});

/** React and Fluent change rarely: kept apart, a browser keeps them through our updates. */
const vendorApart = {
  cacheGroups: { vendor: { test: /[\\/]node_modules[\\/]/, chunks: 'initial', name: 'vendor', enforce: true } },
};

export default [
  program({
    name: 'taskpane',
    entry: 'src/taskpane/main.tsx',
    out: 'web',
    plugins: [page('taskpane.html', 'src/taskpane/taskpane.html'), publishManifest, lightTokens, computedThemes],
    splitChunks: vendorApart,
  }),
  program({
    name: 'admin',
    entry: 'src/admin/main.tsx',
    out: 'web',
    plugins: [page('admin.html', 'src/admin/admin.html')],
  }),
  program({
    name: 'commands',
    entry: 'src/commands/main.ts',
    out: 'web',
    // One file for every runtime an Outlook gives to commands, old ones included: nothing is loaded later.
    target: 'es2017',
    transpile: [path.join(root, 'src'), path.join(root, 'node_modules')],
    plugins: [
      page('commands.html', 'src/commands/commands.html'),
      new webpack.optimize.LimitChunkCountPlugin({ maxChunks: 1 }),
    ],
  }),
  program({
    name: 'host',
    entry: 'src/host/main.tsx',
    out: 'host',
    plugins: [page('index.html', 'src/host/index.html')],
  }),
];
