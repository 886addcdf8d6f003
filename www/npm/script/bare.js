import { runScript } from './run.js';
import { uploads } from '../uploads.js';

// The script for uploads without the element: built to tell what that weighs, and not shipped.
runScript([uploads]);
