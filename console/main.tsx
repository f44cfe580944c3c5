import { render } from 'preact';
import { App } from './app.tsx';
import { rememberScrolling } from './model/scroll.ts';

const root = document.getElementById('console');
rememberScrolling();
if (root !== null) render(<App />, root);
