import { define } from '../element/element.js';
import { downloads } from '../downloads.js';
import { runScript } from './run.js';
import { uploads } from '../uploads.js';

runScript([uploads, downloads], define);
