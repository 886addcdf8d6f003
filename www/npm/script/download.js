import { downloads } from '../downloads.js';
import { runScript } from './run.js';

runScript([downloads]);
