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
  if (schema.allOf) return kind(schema.allOf[0]);
  const choice = schema.anyOf || schema.oneOf;
  if (choice) return choice.map(kind).join(" | ");
  if (schema.type === "array") return kind(schema.items) + "[]";
  return [].concat(schema.type || "any").join(" | ") + (schema.format ? ` (${schema.format})` : "");
};
const table = (rows) => make("table", "", ...rows.map((cells) =>
  make("tr", "", ...cells.map((cell, column) => column ? make("td", cell) : make("td", "", make("code", cell))))));
const content = (said) => Object.values(said.content || {}).map((each) => kind(each.schema)).join(", ");
const types = (said) => Object.values(said.content || {}).flatMap((each) => Object.keys(each.examples || {})).join(", ");

const scopes = (said) => [...new Set((said.security || []).flatMap((each) => Object.values(each).flat()))].join(", ");
const shown = (title, said) => Object.values((said || {}).content || {}).filter((each) => each.example !== undefined).map((each) =>
  make("details", "", make("summary", title), make("pre", "", make("code",
    typeof each.example === "string" ? each.example : JSON.stringify(each.example, null, 2)))));
const example = (each) => each.example === undefined ? "" : [].concat(each.example).map((one) =>
  typeof one === "string" ? one : JSON.stringify(one)).join(", ");

const operation = (method, path, said) => {
  const [first, ...rest] = (said.description || said.summary || "").split("\n\n");
  const details = make("details", "", make("summary", "", make("b", method.toUpperCase()), make("code", path), make("small", first)));
  details.append(...rest.map((each) => make("p", each)));
  if (scopes(said)) details.append(make("p", "Scope: ", make("code", scopes(said))));
  if (said.parameters) details.append(make("h3", "Parameters"), table(said.parameters.map((each) =>
    [each.name, each.in + (each.required ? ", required" : ""), kind(each.schema), each.description || "", example(each)])));
  if (said.requestBody) details.append(make("p", "Body: ", make("code", content(said.requestBody))), ...shown("Example of the body", said.requestBody));
  details.append(make("h3", "Answers"), table(Object.entries(said.responses).map(([status, each]) =>
    [status, each.description, types(each) || content(each)])));
  const done = Object.entries(said.responses).find(([status]) => status.startsWith("2"));
  details.append(...shown(`Example of the answer ${done[0]}`, done[1]));
  return details;
};
const model = ([title, schema]) => {
  const fields = schema.properties || (schema.allOf || []).at(-1)?.properties || {};
  const rows = Object.entries(fields).map(([field, each]) =>
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
  const told = Object.entries(api.webhooks || {}).map(([type, { post }]) => operation("event", type, post));
  if (told.length) parts.push(make("h2", "webhooks"), ...told);
  const models = Object.entries((api.components || {}).schemas || {}).map(model);
  return [make("p", `${api.info.title} ${api.info.version}`), ...parts, make("h2", "Models"), ...models];
};
const place = document.getElementById("api");
fetch("/openapi.json")
  .then((answer) => answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`)))
  .then((api) => place.replaceChildren(...show(api)))
  .catch((error) => place.replaceChildren(make("p", `/openapi.json can't be read: ${error.message}`)));
