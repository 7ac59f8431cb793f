import { Module } from '@nestjs/common';
import { AdmissionInterceptor } from './admission.interceptor.js';
import { ListAdmissionInterceptor } from './list-admission.interceptor.js';
import { ListAdmission, PageAdmission } from './list-admission.js';
import { RequestAdmission } from './request-admission.js';

const PROVIDERS = [RequestAdmission, ListAdmission, PageAdmission, AdmissionInterceptor, ListAdmissionInterceptor];

@Module({
  providers: PROVIDERS,
  exports: PROVIDERS,
})
export class AdmissionModule {}
