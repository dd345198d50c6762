"use strict";
// Shows /openapi.json. Text goes into the page as text, never as markup.
const make = (tag, text, ...inside) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...inside);
  return element;
};
const name = (ref) => ref.split("/").pop();
const kind = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return name(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(" | ");
  const choice = schema.anyOf || schema.oneOf || schema.allOf;
  if (choice) return choice.map(kind).join(" | ");
  if (schema.type === "array") return kind(schema.items) + "[]";
  return [].concat(schema.type || "any").join(" | ") + (schema.format ? ` (${schema.format})` : "");
};
const table = (rows) => make("table", "", ...rows.map((cells) =>
  make("tr", "", ...cells.map((cell, column) => column ? make("td", cell) : make("td", "", make("code", cell))))));
const content = (said) => Object.values(said.content || {}).map((each) => kind(each.schema)).join(", ");
const types = (said) => Object.values(said.content || {}).flatMap((each) => Object.keys(each.examples || {})).join(", ");

const operation = (method, path, said) => {
  const details = make("details", "", make("summary", "", make("b", method.toUpperCase()), make("code", path)));
  details.append(make("p", said.description || said.summary || ""));
  if (said.parameters) details.append(make("h3", "Parameters"), table(said.parameters.map((each) =>
    [each.name, each.in + (each.required ? ", required" : ""), kind(each.schema), each.description || ""])));
  if (said.requestBody) details.append(make("p", "Body: ", make("code", content(said.requestBody))));
  details.append(make("h3", "Answers"), table(Object.entries(said.responses).map(([status, each]) =>
    [status, each.description, types(each) || content(each)])));
  return details;
};
const model = ([title, schema]) => {
  const rows = Object.entries(schema.properties || {}).map(([field, each]) =>
    [field, kind(each) + ((schema.required || []).includes(field) ? "" : ", optional"), each.description || ""]);
  const details = make("details", "", make("summary", "", make("code", title)), make("p", schema.description || ""));
  details.append(rows.length ? table(rows) : make("p", kind(schema)));
  return details;
};
const show = (api) => {
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, said] of Object.entries(methods)) {
      const group = (said.tags || [path.split("/")[2] || "others"])[0];
      groups.set(group, [...(groups.get(group) || []), operation(method, path, said)]);
    }
  const parts = [...groups].flatMap(([group, operations]) => [make("h2", group), ...operations]);
  const models = Object.entries((api.components || {}).schemas || {}).map(model);
  return [make("p", `${api.info.title} ${api.info.version}`), ...parts, make("h2", "Models"), ...models];
};
const place = document.getElementById("api");
fetch("/openapi.json")
  .then((answer) => answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`)))
  .then((api) => place.replaceChildren(...show(api)))
  .catch((error) => place.replaceChildren(make("p", `/openapi.json can't be read: ${error.message}`)));
