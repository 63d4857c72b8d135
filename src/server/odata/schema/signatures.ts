/** What a message takes and gives, for `$metadata`; types are those of CSDL. */
export interface Signature {
  parameters: readonly { name: string; type: string; optional?: true }[];
  returns?: string;
}

const text = 'Edm.String';
const flag = 'Edm.Boolean';
const whole = 'Edm.Int32';
const id = 'Edm.Guid';
const row = 'mscrm.crmbaseentity';
const rows = `Collection(${row})`;
const principal = 'mscrm.principal';
const moment = 'Edm.DateTimeOffset';

/** `name: type`; a question mark after the name says that it may be left out. */
function takes(parameters: Record<string, string>, returns?: string): Signature {
  return {
    parameters: Object.entries(parameters).map(([name, type]) =>
      name.endsWith('?') ? { name: name.slice(0, -1), type, optional: true } : { name, type },
    ),
    ...(returns === undefined ? {} : { returns }),
  };
}

const promoted = {
  MessageId: text,
  'Subject?': text,
  From: text,
  To: text,
  Cc: text,
  Bcc: text,
  ReceivedOn: moment,
  SubmittedBy: text,
  Importance: text,
  Body: text,
  Attachments: rows,
  'ExtraProperties?': row,
};

const signatures = new Map<string, Signature>([
  ['WhoAmI', takes({}, 'mscrm.WhoAmIResponse')],
  ['RetrieveVersion', takes({}, 'mscrm.RetrieveVersionResponse')],
  ['RetrieveCurrentOrganization', takes({ AccessType: text }, 'mscrm.RetrieveCurrentOrganizationResponse')],
  ['RetrieveTotalRecordCount', takes({ EntityNames: `Collection(${text})` }, 'mscrm.RetrieveTotalRecordCountResponse')],
  ['RetrieveUserPrivileges', takes({}, 'mscrm.RetrieveUserPrivilegesResponse')],
  ['RetrievePrincipalAccess', takes({ Target: row }, 'mscrm.RetrievePrincipalAccessResponse')],
  ['RetrieveSharedPrincipalsAndAccess', takes({ Target: row }, 'mscrm.RetrieveSharedPrincipalsAndAccessResponse')],
  ['GrantAccess', takes({ Target: row, PrincipalAccess: 'mscrm.PrincipalAccess' })],
  ['ModifyAccess', takes({ Target: row, PrincipalAccess: 'mscrm.PrincipalAccess' })],
  ['RevokeAccess', takes({ Target: row, Revokee: principal })],
  ['AddMembersTeam', takes({ Members: 'Collection(mscrm.systemuser)' })],
  ['RemoveMembersTeam', takes({ Members: 'Collection(mscrm.systemuser)' })],
  ['AddPrivilegesRole', takes({ Privileges: 'Collection(mscrm.RolePrivilege)' })],
  ['ReplacePrivilegesRole', takes({ Privileges: 'Collection(mscrm.RolePrivilege)' })],
  ['RemovePrivilegeRole', takes({ PrivilegeId: id })],
  ['SetBusinessSystemUser', takes({ BusinessUnit: 'mscrm.businessunit', ReassignPrincipal: principal })],
  ['SetParentSystemUser', takes({ ParentId: id, KeepChildUsers: flag })],
  [
    'CheckPromoteEmail',
    takes({ MessageId: text, 'Subject?': text, 'DirectionCode?': whole }, 'mscrm.CheckPromoteEmailResponse'),
  ],
  [
    'CheckIncomingEmail',
    takes(
      { MessageId: text, 'Subject?': text, From: text, To: text, Cc: text, Bcc: text, 'ExtraProperties?': row },
      'mscrm.CheckIncomingEmailResponse',
    ),
  ],
  ['DeliverPromoteEmail', takes(promoted, 'mscrm.email')],
  ['DeliverIncomingEmail', takes({ ...promoted, 'ValidateBeforeCreate?': flag }, 'mscrm.email')],
  ['GetTrackingTokenEmail', takes({ Subject: text }, 'mscrm.GetTrackingTokenEmailResponse')],
  ['SendEmail', takes({ IssueSend: flag, 'TrackingToken?': text }, 'mscrm.SendEmailResponse')],
  [
    'SendEmailFromTemplate',
    takes({ TemplateId: id, Regarding: row, Target: row }, 'mscrm.SendEmailFromTemplateResponse'),
  ],
  ['InstantiateTemplate', takes({ TemplateId: id, ObjectType: text, ObjectId: id }, rows)],
  [
    'QualifyLead',
    takes(
      {
        CreateAccount: flag,
        CreateContact: flag,
        CreateOpportunity: flag,
        'OpportunityCurrencyId?': 'mscrm.transactioncurrency',
        'OpportunityCustomerId?': row,
        'SourceCampaignId?': row,
        Status: whole,
        'ProcessInstanceId?': row,
        'SuppressDuplicateDetection?': flag,
      },
      rows,
    ),
  ],
  ['WinOpportunity', takes({ OpportunityClose: 'mscrm.opportunityclose', Status: whole })],
  ['LoseOpportunity', takes({ OpportunityClose: 'mscrm.opportunityclose', Status: whole })],
  ['CloseIncident', takes({ IncidentResolution: 'mscrm.incidentresolution', Status: whole })],
  ['CalculateActualValueOpportunity', takes({}, 'mscrm.CalculateActualValueOpportunityResponse')],
  ['Merge', takes({ Target: row, Subordinate: row, 'UpdateContent?': row, PerformParentingChecks: flag })],
  [
    'AddToQueue',
    takes(
      { Target: row, 'SourceQueue?': 'mscrm.queue', 'QueueItemProperties?': 'mscrm.queueitem' },
      'mscrm.AddToQueueResponse',
    ),
  ],
  ['PickFromQueue', takes({ SystemUser: 'mscrm.systemuser', 'RemoveQueueItem?': flag })],
  ['ReleaseToQueue', takes({})],
  ['RemoveFromQueue', takes({})],
  [
    'alongside_ResolveAddresses',
    takes({ Addresses: `Collection(${text})` }, 'Collection(mscrm.alongside_ResolvedAddress)'),
  ],
  ['InitializeFrom', takes({ EntityMoniker: row, TargetEntityName: text, TargetFieldType: text }, row)],
  ['RouteTo', takes({ Target: row, QueueItem: 'mscrm.queueitem' })],
  ['AddPrincipalToQueue', takes({ Principal: principal })],
  [
    'RetrieveDuplicates',
    takes({ BusinessEntity: row, MatchingEntityName: text, PagingInfo: 'mscrm.PagingInfo' }, rows),
  ],
  ['PublishDuplicateRule', takes({}, 'mscrm.PublishDuplicateRuleResponse')],
  ['UnpublishDuplicateRule', takes({ DuplicateRuleId: id })],
  [
    'InitializeFileBlocksUpload',
    takes({ Target: row, FileName: text, FileAttributeName: text }, 'mscrm.InitializeFileBlocksUploadResponse'),
  ],
  ['UploadBlock', takes({ BlockId: text, BlockData: 'Edm.Binary', FileContinuationToken: text })],
  [
    'CommitFileBlocksUpload',
    takes(
      { FileName: text, MimeType: text, BlockList: `Collection(${text})`, FileContinuationToken: text },
      'mscrm.CommitFileBlocksUploadResponse',
    ),
  ],
  [
    'InitializeFileBlocksDownload',
    takes({ Target: row, FileAttributeName: text, 'DataSource?': text }, 'mscrm.InitializeFileBlocksDownloadResponse'),
  ],
  [
    'DownloadBlock',
    takes(
      { Offset: 'Edm.Int64', BlockLength: 'Edm.Int64', FileContinuationToken: text },
      'mscrm.DownloadBlockResponse',
    ),
  ],
  ['DeleteFile', takes({ FileId: id })],
  ...['Annotation', 'Attachment'].flatMap((kind): [string, Signature][] => [
    [`Initialize${kind}BlocksUpload`, takes({ Target: row }, `mscrm.Initialize${kind}BlocksUploadResponse`)],
    [
      `Commit${kind}BlocksUpload`,
      takes(
        { Target: row, BlockList: `Collection(${text})`, FileContinuationToken: text },
        `mscrm.Commit${kind}BlocksUploadResponse`,
      ),
    ],
    [`Initialize${kind}BlocksDownload`, takes({ Target: row }, `mscrm.Initialize${kind}BlocksDownloadResponse`)],
  ]),
  ['BulkDelete', takes({ QuerySet: rows, JobName: text })],
]);

const complexTypes = new Map<string, Readonly<Record<string, string>>>([
  ['WhoAmIResponse', { BusinessUnitId: id, UserId: id, OrganizationId: id }],
  ['RetrieveVersionResponse', { Version: text }],
  ['RetrieveCurrentOrganizationResponse', { Detail: 'mscrm.OrganizationDetail' }],
  [
    'OrganizationDetail',
    {
      OrganizationId: id,
      FriendlyName: text,
      OrganizationVersion: text,
      EnvironmentId: text,
      Geo: text,
      TenantId: text,
      UrlName: text,
      UniqueName: text,
      State: text,
      Endpoints: 'mscrm.EndpointCollection',
    },
  ],
  [
    'EndpointCollection',
    { Count: whole, IsReadOnly: flag, Keys: `Collection(${text})`, Values: `Collection(${text})` },
  ],
  ['RetrieveTotalRecordCountResponse', { EntityRecordCountCollection: 'mscrm.EntityRecordCountCollection' }],
  [
    'EntityRecordCountCollection',
    { Count: whole, IsReadOnly: flag, Keys: `Collection(${text})`, Values: 'Collection(Edm.Int64)' },
  ],
  ['RetrieveUserPrivilegesResponse', { RolePrivileges: 'Collection(mscrm.RolePrivilege)' }],
  [
    'RolePrivilege',
    {
      Depth: text,
      PrivilegeId: id,
      BusinessUnitId: id,
      PrivilegeName: text,
      RecordFilterId: id,
      RecordFilterUniqueName: text,
    },
  ],
  ['RetrievePrincipalAccessResponse', { AccessRights: text }],
  ['RetrieveSharedPrincipalsAndAccessResponse', { PrincipalAccesses: 'Collection(mscrm.PrincipalAccess)' }],
  ['PrincipalAccess', { AccessMask: text, Principal: principal }],
  ['CheckPromoteEmailResponse', { ShouldPromote: flag, ReasonCode: whole }],
  ['CheckIncomingEmailResponse', { ShouldDeliver: flag, ReasonCode: whole }],
  ['GetTrackingTokenEmailResponse', { TrackingToken: text }],
  [
    'alongside_ResolvedAddress',
    {
      Address: text,
      Sender: 'mscrm.alongside_Resolution',
      Recipient: 'mscrm.alongside_Resolution',
      Candidates: 'Collection(mscrm.alongside_Candidate)',
    },
  ],
  ['alongside_Resolution', { Rule: text, Ids: `Collection(${id})` }],
  ['alongside_Candidate', { LogicalName: text, Id: id, Name: text, EmailColumnNumber: whole, IsActive: flag }],
  ['SendEmailResponse', { Subject: text }],
  ['SendEmailFromTemplateResponse', { Id: id }],
  ['CalculateActualValueOpportunityResponse', { Value: 'Edm.Decimal' }],
  ['AddToQueueResponse', { QueueItemId: id }],
  ['PublishDuplicateRuleResponse', { JobId: id }],
  ['InitializeFileBlocksUploadResponse', { FileContinuationToken: text }],
  ['CommitFileBlocksUploadResponse', { FileId: id, FileSizeInBytes: 'Edm.Int64' }],
  [
    'InitializeFileBlocksDownloadResponse',
    { FileContinuationToken: text, FileSizeInBytes: 'Edm.Int64', FileName: text, IsChunkingSupported: flag },
  ],
  ['DownloadBlockResponse', { Data: 'Edm.Binary' }],
  ['InitializeAnnotationBlocksUploadResponse', { FileContinuationToken: text }],
  ['CommitAnnotationBlocksUploadResponse', { AnnotationId: id, FileSizeInBytes: whole }],
  [
    'InitializeAnnotationBlocksDownloadResponse',
    { FileContinuationToken: text, FileSizeInBytes: whole, FileName: text },
  ],
  ['InitializeAttachmentBlocksUploadResponse', { FileContinuationToken: text }],
  ['CommitAttachmentBlocksUploadResponse', { ActivityMimeAttachmentId: id, FileSizeInBytes: whole }],
  [
    'InitializeAttachmentBlocksDownloadResponse',
    { FileContinuationToken: text, FileSizeInBytes: whole, FileName: text },
  ],
  ['PagingInfo', { PageNumber: whole, Count: whole, ReturnTotalRecordCount: flag, PagingCookie: text }],
]);

export function signatureOf(message: string): Signature | undefined {
  return signatures.get(message);
}

/** The fields of a structure with their types; `undefined` for what is no structure, such as a row. */
export function complexTypeOf(name: string): Readonly<Record<string, string>> | undefined {
  return complexTypes.get(name);
}
