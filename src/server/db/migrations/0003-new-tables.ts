import type { TableShape } from '../table-shape.ts';

/** Tables that step 0003 adds. */
export const newTables: ReadonlyMap<string, TableShape> = new Map([
  [
    'subject',
    {
      key: 'subjectid',
      text: 'description createdon modifiedon',
      searched: 'title',
      integer: 'featuremask',
      lookup: 'parentsubject createdby modifiedby',
    },
  ],
  [
    'letter',
    {
      key: 'activityid',
      text: 'description scheduledstart scheduledend actualstart actualend sortdate address category subcategory createdon modifiedon',
      searched: 'subject',
      integer:
        'prioritycode actualdurationminutes scheduleddurationminutes isbilled isworkflowcreated directioncode importsequencenumber statecode statuscode',
      lookup: 'owningbusinessunit createdby modifiedby',
      polymorphic: 'regardingobjectid ownerid',
    },
  ],
  [
    'opportunityclose',
    {
      key: 'activityid',
      text: 'description scheduledstart scheduledend actualstart actualend sortdate createdon modifiedon',
      searched: 'subject',
      integer:
        'prioritycode actualdurationminutes scheduleddurationminutes isbilled isworkflowcreated opportunitystatecode opportunitystatuscode statecode statuscode',
      real: 'actualrevenue exchangerate actualrevenue_base',
      lookup: 'opportunityid transactioncurrencyid owningbusinessunit createdby modifiedby',
      polymorphic: 'regardingobjectid ownerid',
    },
  ],
  [
    'incidentresolution',
    {
      key: 'activityid',
      text: 'description scheduledstart scheduledend actualstart actualend sortdate createdon modifiedon',
      searched: 'subject',
      integer:
        'prioritycode actualdurationminutes scheduleddurationminutes isbilled isworkflowcreated resolutiontypecode timespent statecode statuscode',
      lookup: 'incidentid owningbusinessunit createdby modifiedby',
      polymorphic: 'regardingobjectid ownerid',
    },
  ],
  [
    'annotation',
    {
      key: 'annotationid',
      text: 'notetext filename mimetype langid stepid createdon modifiedon',
      searched: 'subject',
      integer: 'isdocument filesize importsequencenumber',
      bytes: 'documentbody',
      lookup: 'owningbusinessunit createdby modifiedby',
      polymorphic: 'objectid ownerid',
    },
  ],
  [
    'connection',
    {
      key: 'connectionid',
      text: 'description effectivestart effectiveend createdon modifiedon',
      searched: 'name',
      integer: 'ismaster importsequencenumber statecode statuscode',
      lookup: 'record1roleid record2roleid relatedconnectionid owningbusinessunit createdby modifiedby',
      polymorphic: 'record1id record2id ownerid',
    },
  ],
  [
    'connectionrole',
    {
      key: 'connectionroleid',
      text: 'description createdon modifiedon',
      searched: 'name',
      integer: 'category importsequencenumber statecode statuscode',
      lookup: 'createdby modifiedby',
    },
  ],
  [
    'queueitem',
    {
      key: 'queueitemid',
      text: 'workeridmodifiedon enteredon sender torecipients createdon modifiedon',
      searched: 'title',
      integer: 'priority importsequencenumber statecode statuscode',
      lookup: 'queueid owningbusinessunit createdby modifiedby',
      polymorphic: 'objectid workerid ownerid',
    },
  ],
  [
    'mailbox',
    {
      key: 'mailboxid',
      text: 'username lastsuccessfulsynccompletedon lastmessageid lastsyncerror lastsyncerroroccurredon lastsyncstartedon postponemailboxprocessinguntil postponesendinguntil folderhierarchy createdon modifiedon',
      folded: 'emailaddress',
      searched: 'name',
      integer:
        'isforwardmailbox incomingemaildeliverymethod outgoingemaildeliverymethod actdeliverymethod enabledforincomingemail enabledforoutgoingemail enabledforact emailrouteraccessapproval isemailaddressapprovedbyo365admin incomingemailstatus outgoingemailstatus actstatus mailboxstatus testemailconfigurationscheduled processanddeleteemails itemsprocessedforlastsync itemsfailedforlastsync lastsyncerrorcode lastsyncerrorcount verboseloggingenabled statecode statuscode',
      lookup: 'owningbusinessunit createdby modifiedby',
      polymorphic: 'regardingobjectid ownerid',
    },
  ],
  [
    'mailboxtrackingfolder',
    {
      key: 'mailboxtrackingfolderid',
      text: 'exchangefolderid createdon modifiedon',
      searched: 'exchangefoldername',
      integer: 'folderonboardingstatus',
      lookup: 'mailboxid owningbusinessunit createdby modifiedby',
      polymorphic: 'regardingobjectid ownerid',
    },
  ],
  [
    'template',
    {
      key: 'templateid',
      text: 'description subject body templatetypecode mimetype subjectpresentationxml presentationxml subjectsafehtml safehtml createdon modifiedon',
      searched: 'title',
      integer: 'languagecode ispersonal generationtypecode importsequencenumber',
      lookup: 'owningbusinessunit createdby modifiedby',
      polymorphic: 'ownerid',
    },
  ],
  [
    'duplicaterule',
    {
      key: 'duplicateruleid',
      text: 'description baseentityname matchingentityname createdon modifiedon',
      searched: 'name',
      integer: 'baseentitytypecode matchingentitytypecode iscasesensitive excludeinactiverecords statecode statuscode',
      lookup: 'owningbusinessunit createdby modifiedby',
      polymorphic: 'ownerid',
    },
  ],
  [
    'duplicaterulecondition',
    {
      key: 'duplicateruleconditionid',
      text: 'baseattributename matchingattributename createdon modifiedon',
      integer: 'operatorcode operatorparam ignoreblankvalues',
      lookup: 'regardingobjectid createdby modifiedby',
    },
  ],
  [
    'savedquery',
    {
      key: 'savedqueryid',
      text: 'description returnedtypecode fetchxml layoutxml layoutjson columnsetxml createdon modifiedon',
      searched: 'name',
      integer: 'querytype isdefault isquickfindquery isuserdefined iscustom ismanaged statecode statuscode',
      lookup: 'createdby modifiedby',
    },
  ],
  [
    'userquery',
    {
      key: 'userqueryid',
      text: 'description returnedtypecode fetchxml layoutxml layoutjson columnsetxml createdon modifiedon',
      searched: 'name',
      integer: 'querytype statecode statuscode',
      lookup: 'parentqueryid owningbusinessunit createdby modifiedby',
      polymorphic: 'ownerid',
    },
  ],
  [
    'mobileofflineprofile',
    {
      key: 'mobileofflineprofileid',
      text: 'description selectedentitymetadata publishedon introducedversion createdon modifiedon',
      searched: 'name',
      integer: 'componentstate isvalidated',
      lookup: 'createdby modifiedby',
    },
  ],
  [
    'mobileofflineprofileitem',
    {
      key: 'mobileofflineprofileitemid',
      text: 'selectedentitytypecode selectedcolumns publishedon introducedversion createdon modifiedon',
      searched: 'name',
      integer:
        'recorddistributioncriteria recordsownedbyme recordsownedbymyteam recordsownedbymybusinessunit getrelatedentityrecords syncintervalinminutes canbefollowed isvisibleingrid componentstate isvalidated',
      lookup: 'regardingobjectid profileitemrule createdby modifiedby',
    },
  ],
  [
    'mobileofflineprofileitemassociation',
    {
      key: 'mobileofflineprofileitemassociationid',
      text: 'relationshipid relationshipname relationshipdisplayname selectedrelationshipsschema profileitemassociationentityfilter publishedon introducedversion createdon modifiedon',
      searched: 'name',
      integer: 'componentstate isvalidated',
      lookup: 'mobileofflineprofileitemid createdby modifiedby',
    },
  ],
  [
    'usermobileofflineprofilemembership',
    {
      key: 'usermobileofflineprofilemembershipid',
      text: 'createdon modifiedon',
      lookup: 'systemuserid mobileofflineprofileid createdby modifiedby',
    },
  ],
  [
    'teammobileofflineprofilemembership',
    {
      key: 'teammobileofflineprofilemembershipid',
      text: 'createdon modifiedon',
      lookup: 'teamid mobileofflineprofileid createdby modifiedby',
    },
  ],
  [
    'syncerror',
    {
      key: 'syncerrorid',
      text: 'description action actiondata requestdata errorcode errormessage errordetail errortime createdon modifiedon',
      searched: 'name',
      integer: 'errortype statecode statuscode',
      lookup: 'owningbusinessunit createdby modifiedby',
      polymorphic: 'regardingobjectid ownerid',
    },
  ],
  [
    'transactioncurrency',
    {
      key: 'transactioncurrencyid',
      text: 'isocurrencycode currencysymbol createdon modifiedon',
      searched: 'currencyname',
      integer: 'currencyprecision importsequencenumber statecode statuscode',
      real: 'exchangerate',
      lookup: 'createdby modifiedby',
    },
  ],
  [
    'usersettings',
    {
      key: 'systemuserid',
      text: 'dateformatstring dateseparator timeformatstring timeseparator decimalsymbol numberseparator emailusername defaultcountrycode homepagearea homepagesubarea workdaystarttime workdaystoptime createdon modifiedon',
      integer:
        'uilanguageid localeid timezonecode paginglimit dateformatcode timeformatcode currencydecimalprecision incomingemailfilteringmethod autocreatecontactonpromote issendasallowed trackingtokenid isduplicatedetectionenabledwhengoingonline',
      lookup: 'businessunitid transactioncurrencyid createdby modifiedby',
    },
  ],
]);
