/// What a bucket can be given in S3 and cannot have here, by the parameter that asks for it.
///
/// Clients look for these before they do something else, so a read is answered as for a bucket that has none; to write
/// one is refused.
enum S3Absent: String, Sendable, Hashable {
    case tagging, policy, policyStatus, website, replication, publicAccessBlock, ownershipControls
    case objectLock = "object-lock"
    case logging, accelerate, requestPayment

    /// The document that says none, or the error where S3 has one for it.
    ///
    /// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    func answer(bucket: String) throws(S3Error) -> S3XMLWriter {
        switch self {
        case .tagging: throw none("NoSuchTagSet", "no tags", bucket)
        case .policy, .policyStatus: throw none("NoSuchBucketPolicy", "no policy", bucket)
        case .website: throw none("NoSuchWebsiteConfiguration", "no website configuration", bucket)
        case .replication: throw none("ReplicationConfigurationNotFoundError", "no replication", bucket)
        case .publicAccessBlock: throw none("NoSuchPublicAccessBlockConfiguration", "no access block", bucket)
        case .ownershipControls: throw none("OwnershipControlsNotFoundError", "no ownership controls", bucket)
        case .objectLock: throw none("ObjectLockConfigurationNotFoundError", "no object lock", bucket)
        case .logging: return S3XMLWriter("BucketLoggingStatus")
        case .accelerate: return S3XMLWriter("AccelerateConfiguration")
        case .requestPayment:
            var document = S3XMLWriter("RequestPaymentConfiguration")
            document.element("Payer", "BucketOwner")
            return document
        }
    }

    private func none(_ code: String, _ what: String, _ bucket: String) -> S3Error {
        S3Error(
            code: code,
            httpStatus: 404,
            message: "bucket \"\(bucket)\" has \(what): that is a part of S3 that flare does not offer",
            details: [("BucketName", bucket)]
        )
    }
}
