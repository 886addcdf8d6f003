// A component of the page's own, in whose shadow the form and `<xuchuan-upload>` are, as with Lit.
"use strict";
window.refused = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => refused.push(`${violatedDirective} ${blockedURI}`));
customElements.define("my-form", class extends HTMLElement {
  connectedCallback() {
    const form = document.createElement("form");
    form.append(Object.assign(document.createElement("xuchuan-upload"), { multiple: true }));
    form.firstChild.setAttribute("name", "files");
    form.firstChild.setAttribute("auto", "");
    this.attachShadow({ mode: "open" }).append(form);
  }
});
