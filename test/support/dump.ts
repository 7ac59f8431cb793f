import type { RowDataPacket } from 'mysql2';
import type { TestSchema } from './schema.js';

/**
 * Every value of every row of every table as one text. Binary values both as they are and in
 * hexadecimal.
 */
export async function dumpSchema({ connection, name }: TestSchema): Promise<string> {
  const [tables] = await connection.query<RowDataPacket[]>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ? ORDER BY 1',
    [name],
  );
  const parts: string[] = [];
  for (const table of tables) {
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT * FROM \`${String(table.name)}\``);
    parts.push(
      `## ${String(table.name)}: ${rows.length}`,
      ...rows.map((row) => Object.values(row).map(show).join('\t')),
    );
  }
  return parts.join('\n');
}

function show(value: unknown): string {
  return Buffer.isBuffer(value) ? `${value.toString('latin1')} ${value.toString('hex')}` : JSON.stringify(value);
}
