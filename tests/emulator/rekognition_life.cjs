// Plays a model's life through the AWS SDK for JavaScript and prints what it saw as one line of JSON.
// Arguments: endpoint, ARN of the project, ARN of the version.
const sdk = require("@aws-sdk/client-rekognition");

async function main([endpoint, project, version]) {
  const client = new sdk.RekognitionClient({
    endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" },
    maxAttempts: 1,
  });
  const seen = { errors: [] };
  const refused = async (command) => {
    try {
      await client.send(command);
    } catch (error) {
      seen.errors.push([error.name, error instanceof sdk.RekognitionServiceException]);
    }
  };
  const start = new sdk.StartProjectVersionCommand({ ProjectVersionArn: version, MinInferenceUnits: 2 });
  seen.started = (await client.send(start)).Status;
  await refused(start);
  const waited = await sdk.waitUntilProjectVersionRunning(
    { client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
    { ProjectArn: project, VersionNames: [version.split("/")[3]] },
  );
  seen.waited = waited.state;
  const png = Buffer.from(process.env.PICTURE, "base64");
  const detect = (bytes) =>
    new sdk.DetectCustomLabelsCommand({ ProjectVersionArn: version, Image: { Bytes: bytes } });
  seen.labels = (await client.send(detect(png))).CustomLabels.map((label) => label.Name);
  await refused(detect(Buffer.from("no picture")));
  await client.send(new sdk.TagResourceCommand({ ResourceArn: version, Tags: { owner: "js" } }));
  seen.tags = (await client.send(new sdk.ListTagsForResourceCommand({ ResourceArn: version }))).Tags;
  seen.versions = [];
  for await (const page of sdk.paginateDescribeProjectVersions({ client, pageSize: 1 }, { ProjectArn: project })) {
    seen.versions.push(...page.ProjectVersionDescriptions.map((item) => [item.Status, item.CreationTimestamp instanceof Date]));
  }
  seen.stopped = (await client.send(new sdk.StopProjectVersionCommand({ ProjectVersionArn: version }))).Status;
  client.destroy();
  console.log(JSON.stringify(seen));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
