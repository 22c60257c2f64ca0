import { startEngine } from './engine/start';
import { byId } from './page/dom';
import { showStatus } from './page/engine_status';
import { Playground } from './page/playground';
import { keepOffline } from './offline/register';
import '../../site/theme/assets/theme.js';

if (typeof WebAssembly === 'object') {
  let isKept = false;
  const engine = startEngine((status) => {
    showStatus(status);
    if (status.state !== 'ready' || isKept) return;
    isKept = true;
    keepOffline(() => {
      document.body.dataset['offline'] = 'ready';
    });
  });
  await Playground.start(engine);
} else {
  byId('engine-progress').hidden = true;
  byId('engine-text').textContent =
    'This browser has no WebAssembly, with which this page computes. The command fad needs none.';
}
