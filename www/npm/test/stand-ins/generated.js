// Imported first, has the modules that a test imports after it (`await import(…)`) find stand-ins for those that the build
// generates.
import { register } from 'node:module';

const stands = {
  './css.js': new URL('./css.js', import.meta.url).href,
  './engine.js': new URL('./engine.js', import.meta.url).href,
  '../wasm-file.js': new URL('./wasm-file.js', import.meta.url).href,
};

// What looks around once, when it first runs, does so anew for each module that is run anew (`import('….js?run=2')`).
const hooks = `
const stands = ${JSON.stringify(stands)};
export function resolve(specifier, context, next) {
  if (Object.hasOwn(stands, specifier)) return { url: stands[specifier], shortCircuit: true };
  const { search } = specifier === './current-script.js' ? new URL(context.parentURL) : { search: '' };
  return next(specifier + search, context);
}
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
