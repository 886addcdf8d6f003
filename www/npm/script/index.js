import { runScript } from './run.js';
import { downloads } from '../downloads.js';
import { uploads } from '../uploads.js';
import { define } from '../element/element.js';

runScript([uploads, downloads], define);
