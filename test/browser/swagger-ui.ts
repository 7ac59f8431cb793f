import type { Locator, Page } from 'playwright-core';

/** What a person reads below "Server response". */
export interface ShownAnswer {
  readonly status: string;
  readonly body: {
    readonly data: unknown;
    readonly error: string | null;
    readonly support_id: string;
  };
}

/** What a person may change before "Execute". */
export interface Entries {
  readonly id?: string;
  readonly body?: unknown;
}

/** Swagger UI as a person handles it: clicks, typing, and what is on the screen. */
export class SwaggerUi {
  constructor(readonly page: Page) {}

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.locator('.opblock').first().waitFor();
  }

  /** Pastes a secret into the dialog, in the place of the one that is there. */
  async authorize(secret: string): Promise<void> {
    await this.page.locator('.auth-wrapper .authorize').click();
    const dialog = this.page.locator('.dialog-ux');
    const logout = dialog.getByRole('button', { name: 'Remove authorization' });
    if (await logout.isVisible()) {
      await logout.click();
    }
    await dialog.getByLabel('auth-bearer-value').fill(secret);
    await dialog.getByRole('button', { name: 'Apply credentials' }).click();
    await dialog.getByRole('button', { name: 'Close' }).click();
  }

  /** Opens an operation unless it is open, sends its form, and reads the response. */
  async tryOut(operationId: string, entries: Entries = {}): Promise<ShownAnswer> {
    const block = this.operation(operationId);
    const execute = block.getByRole('button', { name: 'Execute' });
    if (!(await execute.isVisible())) {
      await block.locator('.opblock-summary-control').click();
    }
    if (entries.id !== undefined) {
      await block.getByPlaceholder('id').fill(entries.id);
    }
    if (entries.body !== undefined) {
      await block.locator('.body-param textarea').fill(JSON.stringify(entries.body));
    }
    const [response] = await Promise.all([
      this.page.waitForResponse((candidate) => candidate.url().includes('/developers/')),
      execute.click(),
    ]);
    const { support_id: supportId } = (await response.json()) as ShownAnswer['body'];
    const answer = this.answer(operationId);
    const body = answer.locator('.highlight-code pre').filter({ hasText: supportId });
    return {
      status: (await answer.locator('.response-col_status').first().innerText()).trim(),
      body: JSON.parse(await body.innerText()) as ShownAnswer['body'],
    };
  }

  operation(operationId: string): Locator {
    return this.page.locator(`.opblock[id$="-${operationId}"]`);
  }

  /** The part of an operation that shows what came back. */
  answer(operationId: string): Locator {
    return this.operation(operationId).locator('.live-responses-table .response');
  }
}
