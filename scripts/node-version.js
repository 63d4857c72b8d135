// The first line that every script runs: plain JavaScript that any Node understands, so that an old one can say one
// sentence instead of a stack trace.
const major = Number(process.versions.node.split('.')[0]);

if (!(major >= 24)) {
  console.error(
    `This needs Node 24 or later and was started with Node ${process.versions.node}. Run it through npm (for example "npm start"), ` +
      'which brings its own Node; if that was done, run "npm ci" first.',
  );
  process.exit(1);
}
