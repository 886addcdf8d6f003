import { upload } from 'xuchuan';
import { page } from './page.js';

page(upload);
