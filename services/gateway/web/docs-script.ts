/**
 * The script of `/docs`: starts Swagger UI, and corrects what keeps people out of it.
 *
 * - Dark colours of Swagger UI come with a class, not with the reader's preference.
 * - Swagger UI fills every parameter that has an example in. For an optional one that is wrong: a
 *   list filtered by every example at once is empty, and one key for two orders is a conflict. So
 *   the example of an optional parameter is the placeholder of its field.
 * - Its fields have no names, its code cannot be scrolled by keys, its buttons repeat one text, it
 *   has a second `main`, and links within buttons.
 * - Its highlighted code has colours of its own, too weak to read.
 */
export const DOCS_SCRIPT = `const dark = matchMedia('(prefers-color-scheme: dark)');
const colour = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', colour);
colour();

const withPlaceholders = (spec) => {
  const operations = Object.values(spec.paths ?? {}).flatMap((path) => Object.values(path));
  for (const parameter of operations.flatMap((operation) => operation.parameters ?? [])) {
    const { example, schema } = parameter;
    if (parameter.required || example === undefined) continue;
    delete parameter.example;
    parameter['x-example'] = example;
    parameter.schema = { ...schema, 'x-placeholder': String(example) };
  }
  return spec;
};

const orderbell = ({ React: { createElement: create } }) => ({
  statePlugins: {
    spec: { wrapActions: { updateJsonSpec: (update) => (spec) => update(withPlaceholders(spec)) } },
  },
  components: {
    OrderbellLayout: ({ getComponent, specSelectors }) => {
      const part = (name) => create(getComponent(name, true), { key: name });
      const title = create('h2', { key: 'title' }, 'Operations');
      const parts = [part('SvgAssets'), part('errors')];
      if (specSelectors.loadingStatus() === 'success') {
        parts.push(part('InfoContainer'), title, part('AuthorizeBtnContainer'));
        parts.push(part('operations'), part('Models'));
      }
      return create('div', { className: 'swagger-ui' }, parts);
    },
  },
  wrapComponents: {
    // A link within the button that opens an operation.
    DeepLink: () => ({ text }) => create('span', null, text),
    JsonSchemaForm: (Form) => (props) => {
      const example = props.schema?.get?.('x-placeholder');
      return create(Form, { ...props, description: example ?? props.description });
    },
  },
});

const page = document.getElementById('api');
const name = (selector, nameOf) => {
  for (const element of page.querySelectorAll(selector)) {
    const text = nameOf(element);
    if (text) element.setAttribute('aria-label', text);
  }
};
const without = (selector, attribute) => {
  for (const element of page.querySelectorAll(selector)) element.removeAttribute(attribute);
};
const rowOf = (field) => field.closest('[data-param-name]')?.dataset.paramName;
const pathOf = (element) => {
  const path = element.closest('.opblock')?.querySelector('[data-path]')?.dataset.path;
  const method = element.closest('.opblock')?.querySelector('.opblock-summary-method');
  return path && method.textContent + ' ' + path;
};
const correct = () => {
  name('[data-param-name] :is(input, select, textarea)', rowOf);
  name('.opblock-body textarea.body-param__text', () => 'Request body');
  name('.opblock-section-request-body select', () => 'Media type of the body');
  name('.responses-table select', () => 'Media type of the answer');
  name('.responses-table select.examples-select-element', () => 'Example');
  name('.authorization__btn', (button) => pathOf(button) && 'Authorize ' + pathOf(button));
  name('.auth-container input', () => 'Access token');
  name('.close-modal', () => 'Close');
  name('.modal-ux', () => 'Authorization');
  name('.opblock-control-arrow', (button) => pathOf(button) && 'Details of ' + pathOf(button));
  name('.opblock-tag .expand-operation', (button) =>
    'Operations: ' + button.closest('.opblock-tag').dataset.tag);
  without('.auth-btn-wrapper .btn', 'aria-label');
  without('.responses-table', 'role');
  for (const dialog of page.querySelectorAll('.modal-ux')) dialog.setAttribute('role', 'dialog');
  for (const code of page.querySelectorAll('pre')) code.tabIndex = 0;
};
new MutationObserver(correct).observe(page, { childList: true, subtree: true });

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  syntaxHighlight: false,
  plugins: [orderbell],
  layout: 'OrderbellLayout',
});
`;
