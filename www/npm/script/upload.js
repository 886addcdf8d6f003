import { runScript } from './run.js';
import { uploads } from '../uploads.js';
import { define } from '../element/element.js';

runScript([uploads], define);
