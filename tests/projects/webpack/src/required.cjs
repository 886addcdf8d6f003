const { upload } = require('xuchuan');

import('./page.js').then(({ page }) => page(upload));
