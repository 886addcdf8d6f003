const { upload } = require('xuchuan');

import('./upload-page.js').then(({ page }) => page(upload));
