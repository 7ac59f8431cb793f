import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PeriodicTask, type PeriodicTaskOptions } from './periodic-task.js';

/**
 * The background jobs of the process. A provider adds its job in its constructor. The jobs start
 * together, once the service is about to listen, and stop by Nest's shutdown hook; the command line
 * starts none.
 */
@Injectable()
export class BackgroundTasks implements OnApplicationShutdown {
  private readonly tasks: PeriodicTask[] = [];

  /** Adds a job, which is not started by this. */
  add(options: PeriodicTaskOptions): PeriodicTask {
    const task = new PeriodicTask(options);
    this.tasks.push(task);
    return task;
  }

  /** Starts every job, and waits for those whose first run belongs to the start. */
  async start(): Promise<void> {
    await Promise.all(this.tasks.map((task) => task.start()));
  }

  /** Stops every job, and waits for the runs that are under way. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.tasks.map((task) => task.stop()));
  }
}
