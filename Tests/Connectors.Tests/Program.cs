using MobileVlm.Edge.Connectors.Tests.Images;
using MobileVlm.Edge.Connectors.Tests.Storage;
using MobileVlm.Edge.Connectors.Tests.Storage.History;
using MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

// The test host does not come through here: this is for tests that need a process of their own.
switch (args)
{
    case [OutboxChild.Command, .. var rest]:
        return await OutboxChild.RunAsync(rest);
    case [HistoryChild.Command, .. var rest]:
        return await HistoryChild.RunAsync(rest);
    case [DecodeChild.Command, var file]:
        return DecodeChild.Run(file);
    case [LockChild.Command, .. var rest]:
        return await LockChild.RunAsync(rest);
    default:
        Console.Error.WriteLine("These are tests: run 'dotnet test'.");
        return 2;
}
