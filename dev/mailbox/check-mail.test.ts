import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMail } from './check-mail.ts';

test('a plain letter has nothing to remark', () => {
  const html = '<p>Hello <a href="https://shop.test/">shop</a><img alt="" src="cid:logo"></p>';
  assert.deepEqual(checkMail('Hello', html), {
    missingText: false,
    images: 1,
    imagesWithoutAlt: 0,
    externalImages: 0,
    links: 1,
    insecureLinks: 0,
    htmlBytes: html.length,
    clipped: false,
  });
  assert.equal(checkMail('only text', null).missingText, false);
});

test('what some mail programs do not show is counted', () => {
  const html = `
    <IMG SRC=https://cdn.test/a.png ALT>
    <img src='//cdn.test/b.png' title="has > and alt=no">
    <img data-alt="x" src="data:image/png;base64,AA==">
    <a href="http://shop.test">a</a> <a href='#top'>b</a> <a name=c>c</a> <abbr title=x>d</abbr>
    <a href="mailto:help@shop.test">e</a>`;
  const checks = checkMail('  \n', html);
  assert.equal(checks.missingText, true);
  assert.deepEqual([checks.images, checks.imagesWithoutAlt, checks.externalImages], [3, 2, 2]);
  assert.deepEqual([checks.links, checks.insecureLinks], [3, 2]);
  assert.equal(checkMail('x', 'я'.repeat(60_000)).clipped, true);
});

test('a long letter of broken tags is checked at once', () => {
  const broken = '<a '.repeat(50_000) + '<img "'.repeat(50_000);
  assert.equal(checkMail('x', broken).links, 0);
});
