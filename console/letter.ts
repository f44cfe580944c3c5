// The frame of a letter's HTML. It is a document of its own, because the console's policy forbids
// the styles that letters bring, and a frame made from a text inherits the policy around it.
// The letter itself goes into a frame inside, in which no script runs and nothing is fetched.

interface Letter {
  html: string;
  title: string;
}

addEventListener('message', (event: MessageEvent<Letter>) => {
  if (event.origin !== location.origin || event.source !== parent) return;
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', '');
  frame.title = event.data.title;
  frame.srcdoc = event.data.html;
  document.body.replaceChildren(frame);
});
parent.postMessage('letter-frame-ready', location.origin);
