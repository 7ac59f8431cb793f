import { Module } from '@nestjs/common';
import { AdmissionInterceptor } from './admission.interceptor.js';
import { RequestAdmission } from './request-admission.js';

@Module({
  providers: [RequestAdmission, AdmissionInterceptor],
  exports: [RequestAdmission, AdmissionInterceptor],
})
export class AdmissionModule {}
