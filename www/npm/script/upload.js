import { define } from '../element/element.js';
import { runScript } from './run.js';
import { uploads } from '../uploads.js';

runScript([uploads], define);
