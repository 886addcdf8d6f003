// Imported first, has the modules that a test imports after it (`await import(…)`) find the stand-in for `engine.js`, which the
// build generates.
import { register } from 'node:module';

const engine = new URL('./engine.js', import.meta.url).href;

const hooks = `
export const resolve = (specifier, context, next) =>
  specifier === './engine.js' ? { url: ${JSON.stringify(engine)}, shortCircuit: true } : next(specifier, context);
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
