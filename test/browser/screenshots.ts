import { join } from 'node:path';
import type { SwaggerUi } from './swagger-ui.js';

/** The folder for the README's pictures: SCREENSHOTS=docs/images npm test -- test/browser */
const FOLDER = process.env.SCREENSHOTS;

const MARGIN = 10;

/** The page as it opens. */
export async function takePageScreenshot({ page }: SwaggerUi): Promise<void> {
  if (FOLDER !== undefined) {
    await page.screenshot({ path: join(FOLDER, 'swagger-ui.png'), fullPage: true });
  }
}

/** One operation from its head to the end of the response, without the documentation below. */
export async function takeTryItOutScreenshot(ui: SwaggerUi, operationId: string): Promise<void> {
  if (FOLDER === undefined) {
    return;
  }
  const head = await ui.operation(operationId).boundingBox();
  const answer = await ui.answer(operationId).boundingBox();
  if (head === null || answer === null) {
    throw new Error(`${operationId} is not on the screen`);
  }
  await ui.page.screenshot({
    path: join(FOLDER, 'try-it-out.png'),
    fullPage: true,
    // Boxes are measured from what is scrolled into view, the picture from the top of the page.
    clip: {
      x: 0,
      y: head.y - MARGIN + (await scrolledBy(ui)),
      width: 1_200,
      height: answer.y + answer.height - head.y + MARGIN,
    },
  });
}

async function scrolledBy({ page }: SwaggerUi): Promise<number> {
  const top = await page.locator('html').boundingBox();
  return -(top?.y ?? 0);
}
