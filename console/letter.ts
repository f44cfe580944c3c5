// The frame of a letter's HTML. It is a separate document, because the console's policy forbids the
// styles of letters, and a frame made from a text inherits the policy of its page. The letter is in
// an inner sandboxed frame, which runs no script and fetches nothing.

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
