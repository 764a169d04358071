using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Tools.Documents;

var docs = Path.Combine(DemoModel.Repository, "Deploy", "docs");
switch (args)
{
    case ["configuration"]:
        using (var writer = new StreamWriter(Path.Combine(docs, "configuration.md")))
        {
            ConfigurationReference.WriteMarkdown(writer);
        }

        return 0;
    case ["messages"]:
        File.WriteAllText(Path.Combine(docs, "messages.md"), MessageReference.Page(Path.Combine(docs, "schemas")));
        return 0;
    case ["scores"]:
        ScoresPage.Write(docs);
        return 0;
    case ["precision-demo"]:
        var folder = Directory.CreateTempSubdirectory("mobilevlm-loss-").FullName;
        try
        {
            Console.WriteLine(DemoLossTable.Header);
            foreach (var loss in DemoLossTable.Measure(DemoLossTable.Precisions, HeldOutScene.Load(), folder))
            {
                Console.WriteLine(loss.ToRow());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    case ["precision-golden"]:
        Console.Write(GoldenLossTable.Tables());
        return 0;
    case ["teach"]:
        Console.WriteLine(TeachTable.Header);
        foreach (var asked in TeachTable.Cases)
        {
            var samples = TeachTable.Samples(DemoModel.Folder, asked);
            foreach (var each in (int[])[4, 8, 16, 32])
            {
                Console.WriteLine(TeachTable.Row(asked, each, TeachTable.Draw(samples, each, 40)));
            }
        }

        return 0;
    default:
        Console.Error.WriteLine(
            """
            Writes the parts of Deploy/docs that are measured or generated:
              dotnet run --project Tests/Tools/Documents -c Release -- PAGE
            PAGE is
              configuration     configuration.md, from the options
              messages          messages.md, from the schemas
              scores            scores.md and scores.png: are the demo model's scores probabilities? (a minute)
              precision-demo    prints measured-losses.md's table of the demo's model (some minutes)
              teach             prints teach.md's table of the demo's model (some minutes)
              precision-golden  prints measured-losses.md's tables of the golden models (some minutes)
            """);
        return 2;
}
