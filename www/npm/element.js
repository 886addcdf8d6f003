import { define } from './element/element.js';
import { filesOf, pending, upload } from './upload.js';

/** The class of `<xuchuan-upload>`, registered. */
export const XuchuanUpload = define({ upload, pending, filesOf });
