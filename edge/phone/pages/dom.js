// Makes elements.

export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== undefined && value !== false && value !== null) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const field = (label, attributes) => el("label", {}, el("span", {}, label), el("input", { autocomplete: "off", ...attributes }));

export const choice = (legend, name, options, chosen, onchange) => el("fieldset", { class: "choices" }, el("legend", {}, legend),
  options.map(([value, label]) => el("label", {}, el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onchange(value) }), label)));
