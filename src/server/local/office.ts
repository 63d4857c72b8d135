// Delivers the genuine office.js of the npm package, unmodified, beside two small files of our own that it needs when there
// is no internet and no https.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

export const officePackage = fileURLToPath(new URL('../../../node_modules/@microsoft/office-js/dist', import.meta.url));

/** Null when office.js can be served, else why not. The package may be used for development and tests only. */
export const officeAbsence = (directory = officePackage) =>
  existsSync(`${directory}/office.js`)
    ? null
    : 'office.js is not here: the package @microsoft/office-js is for development and tests only, and was left out by ' +
      'NODE_ENV=production or --omit=dev. Pages load it from the network instead; `npm ci --include=dev` brings it here.';

/** As it stands in the built pages; minifiers leave out quotes that HTML does not need. */
const cdnTag = /<script src=("?)https:\/\/officeapis\.public\.onecdn\.static\.microsoft\/1\/office\.js\1><\/script>/;
export const localTags = '<script src="/local/ajax.js"></script><script src="/office-js/office.js"></script>';

/** The production page with one tag exchanged, and nothing else. */
export const withLocalOffice = (html: string) => html.replace(cdnTag, () => localTags);

/** Hosts that the answer page vouches for: this machine under its own names. */
const trustedHosts = ['localhost', '127.0.0.1', 'outlook.localhost'];

/**
 * office.js asks this page in a hidden frame whether a host without https may be trusted ({hostname, noHttps}), and shows it
 * to the user when the answer is no.
 */
const answerPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Is this host trusted?</title>
<p>This add-in was opened by a page that is not the local Outlook. It does not start there.</p>
<script>
addEventListener('message', function (event) {
  if (event.source !== parent || event.origin !== location.origin) return;
  var asked = JSON.parse(event.data);
  var trusted = ${JSON.stringify(trustedHosts)}.indexOf(asked.hostname) >= 0;
  parent.postMessage(JSON.stringify({ hostUserTrusted: trusted }), event.origin);
});
</script>
</html>
`;

/**
 * What office.js uses of the MicrosoftAjax library, which it would otherwise fetch from ajax.aspnetcdn.com and refuse to
 * start without.
 */
const ajaxStandIn = `(function (global) {
  'use strict';
  function nothing() {}
  function fault(kind) {
    return function (name, message) {
      var error = new Error(message || kind + (name ? ': ' + name : ''));
      error.name = 'Sys.' + kind;
      error.paramName = name;
      return error;
    };
  }
  var kinds = { argument: 'ArgumentException', argumentNull: 'ArgumentNullException', argumentOutOfRange: 'ArgumentOutOfRangeException',
    argumentType: 'ArgumentTypeException', argumentUndefined: 'ArgumentUndefinedException' };
  Object.keys(kinds).forEach(function (name) { Error[name] = fault(kinds[name]); });
  Error.parameterCount = function (message) { return fault('ParameterCountException')('', message); };
  Error.invalidOperation = function (message) { return fault('InvalidOperationException')('', message); };
  Error.notImplemented = function (message) { return fault('NotImplementedException')('', message); };
  Error.create = function (message, facts) { return Object.assign(new Error(message), facts); };

  function isA(value, type) {
    if (type === Object || type === undefined) return true;
    if (type === String) return typeof value === 'string';
    if (type === Number) return typeof value === 'number';
    if (type === Boolean) return typeof value === 'boolean';
    if (type === Function) return typeof value === 'function';
    if (type === Array) return Array.isArray(value);
    return typeof type !== 'function' || value instanceof type;
  }
  Function._validateParameter = function (value, spec, name) {
    if (value === undefined) return spec.optional || spec.mayBeNull ? null : Error.argumentUndefined(name);
    if (value === null) return spec.mayBeNull ? null : Error.argumentNull(name);
    return isA(value, spec.type) ? null : Error.argumentType(name);
  };
  Function._validateParams = function (values, specs) {
    var byName = Object.prototype.toString.call(values) === '[object Object]';
    for (var i = 0; i < specs.length; i += 1) {
      var error = Function._validateParameter(byName ? values[specs[i].name] : values[i], specs[i], specs[i].name);
      if (error) return error;
    }
    return null;
  };

  global.Type = Function;
  Function.registerNamespace = function (path) {
    path.split('.').reduce(function (scope, name) { return (scope[name] = scope[name] || {}); }, global);
  };
  Function.prototype.registerClass = function () { return this; };
  Function.registerClass = nothing;

  function StringBuilder(first) { this.parts = first === undefined || first === null ? [] : [String(first)]; }
  StringBuilder.prototype = {
    append: function (text) { this.parts.push(String(text)); return this; },
    appendLine: function (text) { this.parts.push((text === undefined ? '' : String(text)) + '\\r\\n'); return this; },
    clear: function () { this.parts = []; },
    isEmpty: function () { return this.parts.join('') === ''; },
    toString: function (separator) { return this.parts.join(separator || ''); }
  };
  global.Sys = {
    StringBuilder: StringBuilder,
    Debug: { trace: nothing, assert: nothing, fail: nothing },
    Browser: { agent: null, name: navigator.appName, version: parseFloat(navigator.appVersion) },
    Serialization: { JavaScriptSerializer: { serialize: JSON.stringify, deserialize: function (text) { return JSON.parse(text); } } }
  };
})(window);
`;

/** Registers /office-js/ and /local/ajax.js. office.js may be loaded by any page, as from its public address. */
export const officeRoutes =
  (directory = officePackage) =>
  async (app: FastifyInstance) => {
    const absence = officeAbsence(directory);
    app.get('/local/ajax.js', async (_request, reply) =>
      reply
        .type('text/javascript')
        .headers({ 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' })
        .send(ajaxStandIn),
    );
    app.get('/office-js/AgaveErrorUX/index.html', async (_request, reply) =>
      reply
        .type('text/html')
        .headers({
          'cache-control': 'no-cache',
          'content-security-policy': "default-src 'none'; script-src 'unsafe-inline'",
        })
        .send(answerPage),
    );
    if (absence) {
      app.get('/office-js/*', async (_request, reply) => reply.code(404).type('text/plain').send(absence));
      return;
    }
    await app.register(fastifyStatic, {
      root: directory,
      prefix: '/office-js/',
      decorateReply: false,
      index: false,
      maxAge: '1h',
      setHeaders: (reply) => void reply.header('access-control-allow-origin', '*'),
    });
  };
