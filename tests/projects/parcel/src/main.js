import { upload } from 'xuchuan';
import { page } from './upload-page.js';

page(upload);
