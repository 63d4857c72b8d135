import type { AddedColumns } from '../table-shape.ts';

/** What step 0003 adds to tables that were there before: the columns that people expect of a CRM. */
export const newColumns: ReadonlyMap<string, AddedColumns> = new Map([
  [
    'account',
    {
      text: 'telephone2 fax address1_line2 address1_line3 address1_name address1_county address1_postofficebox address1_telephone1 address1_telephone2 address1_fax address1_primarycontactname address2_line1 address2_city address2_postalcode address2_stateorprovince address2_country address2_line2 address2_line3 address2_name address2_county address2_postofficebox address2_telephone1 address2_telephone2 address2_fax address2_primarycontactname telephone3 sic stockexchange tickersymbol ftpsiteurl yominame lastusedincampaign entityimageid entityimage_url',
      integer:
        'address1_addresstypecode address1_shippingmethodcode address1_freighttermscode address2_addresstypecode address2_shippingmethodcode address2_freighttermscode customertypecode accountcategorycode donotemail donotphone donotbulkemail donotfax donotpostalmail donotsendmm followemail preferredcontactmethodcode preferredappointmentdaycode preferredappointmenttimecode creditonhold paymenttermscode ownershipcode accountclassificationcode accountratingcode businesstypecode customersizecode territorycode shippingmethodcode sharesoutstanding merged entityimage_timestamp importsequencenumber',
      real: 'address1_latitude address1_longitude address2_latitude address2_longitude creditlimit marketcap exchangerate revenue_base creditlimit_base marketcap_base',
      bytes: 'entityimage',
      lookup: 'preferredsystemuserid originatingleadid masterid transactioncurrencyid',
    },
  ],
  [
    'contact',
    {
      text: 'fax salutation websiteurl address1_line2 address1_line3 address1_name address1_county address1_postofficebox address1_telephone1 address1_telephone2 address1_fax address2_line1 address2_city address2_postalcode address2_stateorprovince address2_country address2_line2 address2_line3 address2_name address2_county address2_postofficebox address2_telephone1 address2_telephone2 address2_fax middlename nickname suffix anniversary spousesname childrensnames telephone3 business2 home2 callback company pager managername managerphone assistantname assistantphone employeeid governmentid externaluseridentifier ftpsiteurl yomifirstname yomilastname lastusedincampaign entityimageid entityimage_url',
      integer:
        'address1_addresstypecode address1_shippingmethodcode address2_addresstypecode address2_shippingmethodcode gendercode donotphone donotbulkemail donotfax donotpostalmail donotsendmm followemail preferredappointmentdaycode preferredappointmenttimecode accountrolecode familystatuscode numberofchildren creditonhold paymenttermscode customertypecode customersizecode educationcode haschildrencode leadsourcecode territorycode shippingmethodcode isbackofficecustomer merged entityimage_timestamp importsequencenumber',
      real: 'address1_latitude address1_longitude address2_latitude address2_longitude annualincome creditlimit exchangerate annualincome_base creditlimit_base',
      bytes: 'entityimage',
      lookup: 'preferredsystemuserid originatingleadid masterid transactioncurrencyid',
    },
  ],
  [
    'lead',
    {
      text: 'telephone2 fax salutation address1_line2 address1_line3 address1_name address1_county address1_postofficebox address1_telephone1 address1_telephone2 address1_fax address2_line1 address2_city address2_postalcode address2_stateorprovince address2_country address2_line2 address2_line3 address2_name address2_county address2_postofficebox address2_telephone1 address2_telephone2 address2_fax middlename telephone3 pager sic qualificationcomments schedulefollowup_prospect schedulefollowup_qualify yomifirstname yomilastname yomicompanyname lastusedincampaign entityimageid entityimage_url',
      integer:
        'address1_addresstypecode address1_shippingmethodcode address2_addresstypecode address2_shippingmethodcode donotphone donotbulkemail donotfax donotpostalmail donotsendmm followemail preferredcontactmethodcode industrycode numberofemployees budgetstatus decisionmaker confirminterest evaluatefit initialcommunication need purchaseprocess purchasetimeframe prioritycode salesstage salesstagecode merged entityimage_timestamp importsequencenumber',
      real: 'address1_latitude address1_longitude address2_latitude address2_longitude estimatedamount revenue budgetamount exchangerate estimatedamount_base revenue_base budgetamount_base',
      bytes: 'entityimage',
      lookup: 'originatingcaseid masterid transactioncurrencyid',
      polymorphic: 'customerid',
    },
  ],
  [
    'opportunity',
    {
      text: 'stepname currentsituation customerneed customerpainpoints proposedsolution qualificationcomments quotecomments finaldecisiondate scheduleproposalmeeting schedulefollowup_prospect schedulefollowup_qualify',
      folded: 'emailaddress',
      integer:
        'salesstage isrevenuesystemcalculated budgetstatus initialcommunication need purchaseprocess purchasetimeframe timeline salesstagecode captureproposalfeedback completefinalproposal completeinternalreview confirminterest decisionmaker developproposal evaluatefit filedebrief identifycompetitors identifycustomercontacts identifypursuitteam presentfinalproposal presentproposal pursuitdecision resolvefeedback sendthankyounote importsequencenumber',
      real: 'budgetamount totalamount totalamountlessfreight totaldiscountamount totallineitemamount totaltax discountamount discountpercentage freightamount exchangerate estimatedvalue_base actualvalue_base budgetamount_base totalamount_base totalamountlessfreight_base totaldiscountamount_base totallineitemamount_base totaltax_base discountamount_base freightamount_base',
      lookup: 'transactioncurrencyid',
    },
  ],
  [
    'incident',
    {
      text: 'productserialnumber responseby resolveby followupby escalatedon',
      folded: 'emailaddress',
      integer:
        'severitycode isescalated activitiescomplete checkemail customercontacted firstresponsesent followuptaskcreated routecase contractservicelevelcode customersatisfactioncode incidentstagecode servicestage messagetypecode firstresponseslastatus resolvebyslastatus numberofchildincidents merged importsequencenumber',
      lookup: 'subjectid parentcaseid responsiblecontactid existingcase masterid',
    },
  ],
  [
    'email',
    {
      text: 'sortdate mimetype delayedemailsendtime postponeemailprocessinguntil lastopenedtime category subcategory',
      integer:
        'actualdurationminutes scheduleddurationminutes isbilled isworkflowcreated compressed opencount replycount linksclickedcount attachmentopencount followemailuserpreference isunsafe importsequencenumber',
      lookup: 'sendermailboxid receivingmailboxid templateid',
      polymorphic: 'acceptingentityid',
    },
  ],
  [
    'appointment',
    {
      text: 'sortdate onlinemeetingid onlinemeetingchatid modifiedfieldsmask originalstartdate seriesid category subcategory',
      integer:
        'actualdurationminutes isbilled isworkflowcreated attachmentcount onlinemeetingtype outlookownerapptid importsequencenumber',
    },
  ],
  [
    'task',
    {
      text: 'sortdate subcategory',
      integer: 'actualdurationminutes scheduleddurationminutes isbilled isworkflowcreated importsequencenumber',
    },
  ],
  [
    'phonecall',
    {
      text: 'sortdate category subcategory',
      integer:
        'actualdurationminutes scheduleddurationminutes isbilled isworkflowcreated leftvoicemail importsequencenumber',
    },
  ],
  [
    'queue',
    {
      integer:
        'queueviewtype queuetypecode incomingemailfilteringmethod incomingemaildeliverymethod outgoingemaildeliverymethod emailrouteraccessapproval isemailaddressapprovedbyo365admin numberofitems numberofmembers allowemailcredentials ignoreunsolicitedemail isfaxqueue importsequencenumber',
      lookup: 'defaultmailbox businessunitid primaryuserid',
    },
  ],
  [
    'systemuser',
    {
      text: 'middlename nickname salutation personalemailaddress mobilealertemail windowsliveid homephone employeeid governmentid skills photourl yomifullname disabledreason address1_line1 address1_line2 address1_city address1_postalcode address1_stateorprovince address1_country address1_fax address1_telephone2 entityimageid entityimage_url',
      integer:
        'accessmode preferredphonecode preferredaddresscode islicensed setupuser isintegrationuser incomingemaildeliverymethod outgoingemaildeliverymethod emailrouteraccessapproval isemailaddressapprovedbyo365admin entityimage_timestamp importsequencenumber',
      bytes: 'entityimage',
      lookup: 'defaultmailbox queueid transactioncurrencyid',
    },
  ],
  [
    'team',
    {
      text: 'azureactivedirectoryobjectid',
      integer: 'isdefault membershiptype importsequencenumber',
      lookup: 'administratorid queueid transactioncurrencyid',
    },
  ],
  [
    'businessunit',
    {
      text: 'divisionname description emailaddress websiteurl costcenter ftpsiteurl fileasname address1_line1 address1_line2 address1_city address1_postalcode address1_stateorprovince address1_country address1_telephone1 address1_fax',
      integer: 'importsequencenumber',
      real: 'creditlimit',
      lookup: 'transactioncurrencyid',
    },
  ],
  [
    'organization',
    {
      text: 'basecurrencysymbol fiscalcalendarstart dateformatstring dateseparator timeformatstring timeseparator decimalsymbol numberseparator',
      integer:
        'basecurrencyprecision languagecode localeid weekstartdaycode isduplicatedetectionenabled isduplicatedetectionenabledforonlinecreateupdate requireapprovalforuseremail requireapprovalforqueueemail isfolderbasedtrackingenabled dateformatcode timeformatcode currencydecimalprecision',
      lookup: 'basecurrencyid',
    },
  ],
]);
