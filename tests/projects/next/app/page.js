'use client';

import { useEffect } from 'react';
import { isSupported, upload } from 'xuchuan';
import { page } from './upload-page.js';

// Rendered on the server as well, where the package is imported and does nothing.
export default function Page() {
  useEffect(() => page(upload), []);
  return (
    <main data-supported={typeof window === 'undefined' ? String(isSupported()) : undefined} suppressHydrationWarning>
      <input type="file" /> <output></output>
    </main>
  );
}
