// Stands in for the generated `css.js`, the element's style sheet.
export const css = '';
