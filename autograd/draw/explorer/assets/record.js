// The record that the page holds: JSON; that of a large graph is compressed.

async function readRecord(element) {
  if (element.type === "application/json") return JSON.parse(element.textContent);
  const text = atob(element.textContent), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}
