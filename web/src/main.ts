import { startEngine } from './engine/start';
import { byId } from './page/dom';
import { showStatus } from './page/engine_status';
import { Playground } from './page/playground';
import { startTheme } from './page/theme';

startTheme(byId('theme'), () => undefined);
if (typeof WebAssembly === 'object') {
  await Playground.start(startEngine(showStatus));
} else {
  byId('engine-text').textContent =
    'This browser has no WebAssembly, with which this page computes. The command fad needs none.';
}
