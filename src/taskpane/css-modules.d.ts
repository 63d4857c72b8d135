/** Class names of a CSS module (webpack.config.js, experiments.css), by the names they have in the file. */
declare module '*.module.css' {
  const styles: Readonly<Record<string, string>>;
  export default styles;
}
