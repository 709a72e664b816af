import { render } from 'preact';
import { App } from './app';
import { startRouter } from './router';
import { startAnswers } from './state/answers';
import { startProject } from './state/project';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/room.css';
import './styles/home.css';
import './styles/data.css';
import './styles/heat.css';
import './styles/drawing.css';
import './styles/model.css';
import './styles/release.css';
import './styles/narrow.css';
import './styles/print.css';

const root = document.getElementById('app');
if (root !== null) {
  startRouter();
  startProject();
  startAnswers();
  render(<App />, root);
}
